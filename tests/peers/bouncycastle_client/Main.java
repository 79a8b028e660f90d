import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.security.Security;
import java.util.HashMap;
import java.util.Map;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/**
 * A CMP client (RFC 9810, 9483, 9811) for tests: a command on each line of its standard input, what came of it
 * on each line of its standard output. Each has the `url` of a CA, and its `root`. It ends when its input does.
 */
final class Main {
    private Main() {}

    public static void main(String[] arguments) throws Exception {
        Security.addProvider(new BouncyCastleProvider());
        KeyPool keys = new KeyPool();
        Map<String, Session> sessions = new HashMap<>();
        BufferedReader input =
            new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream output = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            Report report = new Report();
            try {
                Command command = new Command(line);
                Session session =
                    sessions.computeIfAbsent(command.text("url"), any -> new Session(keys));
                Operations.run(command, session, report);
            } catch (Over over) {
                report.add("over", over.getMessage());
            } catch (Exception e) {
                StringWriter words = new StringWriter();
                e.printStackTrace(new PrintWriter(words));
                report.add("broken", words);
            }
            output.println(report.line());
        }
    }
}
