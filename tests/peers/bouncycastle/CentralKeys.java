import org.bouncycastle.asn1.cms.EnvelopedData;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;

final class CentralKeys {
    record Pair(SubjectPublicKeyInfo publicKey) {}
    CentralKeys(Authority authority) {}
    Pair generate(SubjectPublicKeyInfo wish) { return null; }
    EnvelopedData envelope(Pair pair, Requester requester) { return null; }
}
