import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.util.encoders.Hex;

/**
 * What was done, in two files. `ledger` has a line for each thing that happened to a certificate: what, serial
 * number in hex, why. `messages` has one for each request that was read: transactionID in hex, tag of its body,
 * tag of the answer's body, and whether the request's protection was believed.
 */
final class Ledger {
    private final Path file;
    private final Path messages;

    Ledger(Path folder) throws IOException {
        file = folder.resolve("ledger");
        messages = folder.resolve("messages");
        for (Path path : List.of(file, messages)) {
            Files.deleteIfExists(path);
            Files.createFile(path);
        }
    }

    void write(PKIMessage request, PKIMessage answer, boolean believed) {
        ASN1OctetString id = request.getHeader().getTransactionID();
        append(messages, (id == null ? "-" : Hex.toHexString(id.getOctets()))
            + " " + request.getBody().getType() + " " + answer.getBody().getType()
            + (believed ? " believed" : " refused"));
    }

    void write(String event, BigInteger serial, String reason) {
        append(file, event + " " + serial.toString(16) + (reason.isEmpty() ? "" : " " + reason));
    }

    private static void append(Path file, String line) {
        try {
            Files.writeString(file, line.replace('\n', ' ') + "\n", StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
