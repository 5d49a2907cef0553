/** A plugin that fails while it is loaded: what a user must be told about it is tested with this package. */
throw new Error("no licence file for the entity store");
