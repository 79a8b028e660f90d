import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The command line, read: which CA this is, and what it does.
 *
 * --folder DIR: for root.pem, issuer.pem, signer.pem, new-root.pem, ledger and messages.
 * --secret REFERENCE:SECRET, --vendor-root FILE: who may ask; both can be given more than once.
 * --ca-key rsa2048|rsa3072|rsa4096|p256|p384|p521|ed25519|ed448: the kind of all keys of the CA.
 * --intermediate: an issuing CA below the root. --ra: answers are signed by a certificate for that.
 * --sign-always: also answers to requests with a MAC.
 * --digest 256|384|512, --pss: of signatures, of certificates as well.
 * --mac pbm|pbmac1, --owf HASH, --mac-hash HASH, --iterations N: of MACs, in place of the request's;
 *   HASH is sha1, sha256 or sha512, and --owf is the PRF's for PBMAC1.
 * --implicit: grants implicitConfirm. --accept-ra-verified: takes raVerified from everybody.
 * --poll N: N pollRep, then the certificate. --poll-error N: the same for all requests, with an error
 *   first (RFC 9483 4.4). --check-after SECONDS: in a pollRep. --poll-nonce: the late answer mirrors
 *   the nonce of the last pollReq, as RFC 4210 has it, and not of the request (RFC 9483 3.1).
 * --modify: changes the subject. --reject BIT: refuses, with this bit of PKIFailureInfo.
 *   --error-body: refuses with an error message where it would be in ip, cp, kup or rp.
 * --central-keys: makes keys; --oaep and --pwri-kek choose how they are encrypted.
 * --root-update: has a new root for those who ask.
 */
final class Options {
    private static final Set<String> SWITCHES = Set.of(
        "intermediate", "ra", "sign-always", "implicit", "central-keys", "modify", "error-body",
        "accept-ra-verified", "poll-nonce", "pss", "oaep", "pwri-kek", "root-update");
    private static final Map<String, String> DEFAULTS = Map.ofEntries(
        Map.entry("ca-key", "p256"), Map.entry("poll", "0"), Map.entry("poll-error", "0"),
        Map.entry("check-after", "1"), Map.entry("reject", ""), Map.entry("digest", ""),
        Map.entry("mac", ""), Map.entry("owf", ""), Map.entry("mac-hash", ""),
        Map.entry("iterations", ""));

    final Map<String, char[]> secrets = new HashMap<>();
    final List<Path> vendorRoots = new ArrayList<>();
    final Path folder;
    private final Set<String> on = new HashSet<>();
    private final Map<String, String> values = new HashMap<>(DEFAULTS);

    Options(String[] arguments) {
        Path folder = null;
        for (int i = 0; i < arguments.length; i++) {
            String name = arguments[i].startsWith("--") ? arguments[i].substring(2) : "";
            if (SWITCHES.contains(name)) {
                on.add(name);
                continue;
            }
            if (i + 1 == arguments.length) {
                throw new IllegalArgumentException(arguments[i] + ": unknown, or without a value");
            }
            String value = arguments[++i];
            switch (name) {
                case "folder" -> folder = Path.of(value);
                case "vendor-root" -> vendorRoots.add(Path.of(value));
                case "secret" -> {
                    int colon = value.indexOf(':');
                    secrets.put(value.substring(0, colon), value.substring(colon + 1).toCharArray());
                }
                default -> {
                    if (values.put(name, value) == null) {
                        throw new IllegalArgumentException(arguments[i - 1] + " is unknown");
                    }
                }
            }
        }
        if (folder == null) {
            throw new IllegalArgumentException("--folder is missing");
        }
        this.folder = folder;
    }

    boolean has(String name) {
        if (!SWITCHES.contains(name)) {
            throw new IllegalArgumentException(name);
        }
        return on.contains(name);
    }

    String text(String name) {
        return values.get(name);
    }

    String text(String name, String otherwise) {
        return values.get(name).isEmpty() ? otherwise : values.get(name);
    }

    int number(String name) {
        return Integer.parseInt(values.get(name));
    }

    char[] secret(byte[] reference) {
        return reference == null ? null : secrets.get(new String(reference, StandardCharsets.UTF_8));
    }
}
