import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.security.Security;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * A CMP CA over HTTP (RFC 9810, 9483, 9811) for tests: `java Main --folder DIR [options]`.
 *
 * It prints `listening PORT`, serves 127.0.0.1, and ends when its standard input does.
 */
final class Main {
    private static final String MEDIA_TYPE = "application/pkixcmp";
    private static final int LONGEST = 1 << 20;

    private Main() {}

    public static void main(String[] arguments) throws Exception {
        // Answers go out at once: without it, small ones wait 40 ms for an acknowledgement.
        System.setProperty("sun.net.httpserver.nodelay", "true");
        Security.addProvider(new BouncyCastleProvider());
        Responder responder = new Responder(new Authority(new Options(arguments)));
        HttpServer server = HttpServer.create(
            new InetSocketAddress(InetAddress.getByAddress(new byte[] {127, 0, 0, 1}), 0), 0);
        server.createContext("/", exchange -> serve(exchange, responder));
        server.start();
        System.out.println("listening " + server.getAddress().getPort());
        while (System.in.read() >= 0) {
            continue;
        }
        Runtime.getRuntime().halt(0);
    }

    private static void serve(HttpExchange exchange, Responder responder) throws IOException {
        try (exchange) {
            if (!exchange.getRequestMethod().equals("POST")) {
                exchange.sendResponseHeaders(405, -1);
                return;
            }
            byte[] request = exchange.getRequestBody().readNBytes(LONGEST);
            if (!MEDIA_TYPE.equals(exchange.getRequestHeaders().getFirst("Content-Type"))) {
                exchange.sendResponseHeaders(415, -1);
                return;
            }
            byte[] answer;
            try {
                answer = responder.answer(request);
            } catch (IOException e) {
                exchange.sendResponseHeaders(400, -1);
                return;
            } catch (Exception e) {
                e.printStackTrace();
                exchange.sendResponseHeaders(500, -1);
                return;
            }
            exchange.getResponseHeaders().set("Content-Type", MEDIA_TYPE);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
        }
    }
}
