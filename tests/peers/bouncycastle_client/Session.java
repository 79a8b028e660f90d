import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.bouncycastle.cert.X509CertificateHolder;

/** What lives from one command for a CA to the next: certificates with their keys, by name. */
final class Session {
    final KeyPool keys;
    private final Map<String, Keys.Identity> identities = new HashMap<>();

    Session(KeyPool keys) {
        this.keys = keys;
    }

    Keys.Identity identity(String name) {
        Keys.Identity found = identities.get(name);
        if (found == null) {
            throw new IllegalArgumentException("nobody is called " + name);
        }
        return found;
    }

    void keep(String name, Keys.Identity identity) {
        identities.put(name, identity);
    }

    /** The certificate that a command trusts, whatever it talks to. */
    static X509CertificateHolder root(Command command) throws java.io.IOException {
        return new X509CertificateHolder(HexFormat.of().parseHex(command.text("root")));
    }
}
