import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;

/** What came of a command: a line of facts, encoded as in forms. A name can be there more than once. */
final class Report {
    private final StringBuilder line = new StringBuilder();

    void add(String name, Object value) {
        line.append(line.isEmpty() ? "" : "&").append(encode(name)).append('=')
            .append(encode(value.toString()));
    }

    void add(String name, byte[] value) {
        add(name, HexFormat.of().formatHex(value));
    }

    void addDer(String name, ASN1Encodable value) throws java.io.IOException {
        add(name, value.toASN1Primitive().getEncoded(ASN1Encoding.DER));
    }

    /** Something about an answer that is not as the RFCs have it. */
    void find(String finding) {
        add("finding", finding);
    }

    String line() {
        return line.toString();
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
