import java.nio.file.Path;
import org.neo4j.configuration.GraphDatabaseSettings;
import org.neo4j.configuration.connectors.BoltConnector;
import org.neo4j.configuration.helpers.SocketAddress;
import org.neo4j.dbms.api.DatabaseManagementService;
import org.neo4j.dbms.api.DatabaseManagementServiceBuilder;

/**
 * A Neo4j server with authentication on, for the tests: {@code java -cp 'lib/*' Server.java HOME PORT}. Prints "ready" and
 * ends when its standard input does, so that it never outlives the process that started it.
 */
public final class Server {
  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[1]);
    DatabaseManagementService service = new DatabaseManagementServiceBuilder(Path.of(arguments[0]))
        .setConfig(BoltConnector.enabled, true)
        .setConfig(BoltConnector.listen_address, new SocketAddress("127.0.0.1", port))
        .setConfig(GraphDatabaseSettings.auth_enabled, true)
        .setConfig(GraphDatabaseSettings.pagecache_memory, 256L << 20)
        .build();
    System.out.println("ready");
    while (System.in.read() != -1) continue;
    service.shutdown();
    System.exit(0);
  }
}
