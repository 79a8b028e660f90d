import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** One line for each thing that happened to a certificate: what, serial number in hex, why. */
final class Ledger {
    private final Path file;

    Ledger(Path file) throws IOException {
        this.file = file;
        Files.deleteIfExists(file);
        Files.createFile(file);
    }

    void write(String event, BigInteger serial, String reason) {
        String line = event + " " + serial.toString(16) + (reason.isEmpty() ? "" : " " + reason);
        try {
            Files.writeString(
                file, line.replace('\n', ' ') + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
