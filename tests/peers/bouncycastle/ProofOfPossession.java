import java.io.IOException;
import org.bouncycastle.asn1.ASN1Encodable;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIHeader;
import org.bouncycastle.asn1.crmf.CertReqMsg;
import org.bouncycastle.asn1.crmf.CertTemplate;
import org.bouncycastle.asn1.crmf.POPOSigningKey;
import org.bouncycastle.asn1.crmf.POPOSigningKeyInput;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.crmf.CRMFException;
import org.bouncycastle.cert.crmf.CertificateRequestMessage;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;

/** Whether a requester holds the private key that it wants certified (RFC 4211 section 4). */
final class ProofOfPossession {
    private ProofOfPossession() {}

    static void check(CertReqMsg message, PKIHeader header, Requester requester, Options options)
            throws Refusal, IOException {
        CertificateRequestMessage request = new CertificateRequestMessage(message);
        if (!request.hasProofOfPossession()) {
            throw new Refusal(PKIFailureInfo.badPOP, "there is no proof of possession");
        }
        int type = request.getProofOfPossessionType();
        if (type == CertificateRequestMessage.popRaVerified) {
            if (!options.has("accept-ra-verified") && !isRa(requester)) {
                throw new Refusal(PKIFailureInfo.badPOP, "the requester is no RA");
            }
            return;
        }
        if (type != CertificateRequestMessage.popSigningKey) {
            throw new Refusal(PKIFailureInfo.badPOP, "only signatures prove possession here");
        }
        checkInput(message, header);
        if (!verifies(request, requester)) {
            throw new Refusal(PKIFailureInfo.badPOP, "the proof of possession is wrong");
        }
    }

    private static boolean isRa(Requester requester) {
        Extension purposes = requester.usesSecret()
            ? null : requester.signer().getExtension(Extension.extendedKeyUsage);
        return purposes != null && ExtendedKeyUsage.getInstance(purposes.getParsedValue())
            .hasKeyPurposeId(KeyPurposeId.getInstance(Authority.CM_RA));
    }

    /** RFC 4211 4.1: poposkInput is there if and only if subject or key is missing in the template. */
    private static void checkInput(CertReqMsg message, PKIHeader header) throws Refusal, IOException {
        CertTemplate template = message.getCertReq().getCertTemplate();
        POPOSigningKeyInput input = input(message);
        boolean complete = template.getSubject() != null && template.getPublicKey() != null;
        if (complete != (input == null)) {
            throw new Refusal(PKIFailureInfo.badPOP, complete
                ? "poposkInput beside a complete template" : "poposkInput is missing");
        }
        if (input == null) {
            return;
        }
        if (!same(input.getPublicKey(), template.getPublicKey())) {
            throw new Refusal(PKIFailureInfo.badPOP, "poposkInput has another key");
        }
        if (input.getSender() != null && !same(input.getSender(), header.getSender())) {
            throw new Refusal(PKIFailureInfo.badPOP, "poposkInput has another sender");
        }
    }

    private static POPOSigningKeyInput input(CertReqMsg message) {
        return POPOSigningKey.getInstance(message.getPopo().getObject()).getPoposkInput();
    }

    private static boolean same(ASN1Encodable one, ASN1Encodable other) throws IOException {
        return java.util.Arrays.equals(one.toASN1Primitive().getEncoded(ASN1Encoding.DER),
            other.toASN1Primitive().getEncoded(ASN1Encoding.DER));
    }

    private static boolean verifies(CertificateRequestMessage request, Requester requester) {
        try {
            var provider = new JcaContentVerifierProviderBuilder().setProvider("BC")
                .build(request.getCertTemplate().getPublicKey());
            POPOSigningKeyInput input = input(request.toASN1Structure());
            if (input == null || input.getPublicKeyMAC() == null) {
                return request.isValidSigningKeyPOP(provider);
            }
            return requester.usesSecret()
                && request.isValidSigningKeyPOP(provider, Macs.passwordBased(), requester.secret());
        } catch (CRMFException | OperatorCreationException e) {
            return false;
        }
    }
}
