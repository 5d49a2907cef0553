/**
 * Reads several sources at the same time and gives their items as if one were read after the other. Of each source that
 * is ahead of its turn one item is held, so memory does not grow with their lengths.
 *
 * @param parallel sources that are read at the same time, the one whose turn it is included
 */
export async function* inOrder<Source, Item>(
  sources: AsyncIterable<Source>,
  parallel: number,
  read: (source: Source) => AsyncIterator<Item>,
): AsyncGenerator<Item> {
  const coming = sources[Symbol.asyncIterator]();
  const started: { items: AsyncIterator<Item>; next: Promise<IteratorResult<Item>> }[] = [];
  let more = true;
  const start = async () => {
    const source = await coming.next();
    more = source.done !== true;
    if (source.done) return;
    const items = read(source.value);
    started.push({ items, next: ahead(items) });
  };
  try {
    while (true) {
      while (more && started.length < parallel) await start();
      const first = started[0];
      if (first === undefined) return;
      const { done, value } = await first.next;
      if (done) {
        started.shift();
        continue;
      }
      first.next = ahead(first.items);
      yield value;
    }
  } finally {
    await coming.return?.();
    await Promise.allSettled(started.map(({ next }) => next));
    for (const { items } of started) await items.return?.();
  }
}

/** Asks for the next item; its failure is met when its turn comes, and is no unhandled rejection until then. */
function ahead<Item>(items: AsyncIterator<Item>): Promise<IteratorResult<Item>> {
  const next = items.next();
  next.catch(() => undefined);
  return next;
}

/**
 * Merges streams that are sorted, each by itself, into one that is.
 *
 * @param compare below 0 where the first comes first
 */
export function merged<Item>(
  streams: readonly AsyncGenerator<Item>[],
  compare: (a: Item, b: Item) => number,
): AsyncGenerator<Item> {
  const [only] = streams;
  return streams.length === 1 && only !== undefined ? only : mergedOf(streams, compare);
}

async function* mergedOf<Item>(
  streams: readonly AsyncGenerator<Item>[],
  compare: (a: Item, b: Item) => number,
): AsyncGenerator<Item> {
  const iterators: AsyncIterator<Item>[] = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    while (true) {
      let best = -1;
      for (const [i, head] of heads.entries())
        if (!head.done && (best === -1 || compare(head.value, (heads[best] as IteratorYieldResult<Item>).value) < 0))
          best = i;
      if (best === -1) return;
      yield (heads[best] as IteratorYieldResult<Item>).value;
      heads[best] = await (iterators[best] as AsyncIterator<Item>).next();
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}
