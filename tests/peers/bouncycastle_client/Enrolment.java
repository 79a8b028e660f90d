import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.DERSequence;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.cmp.CMPObjectIdentifiers;
import org.bouncycastle.asn1.cmp.CertRepMessage;
import org.bouncycastle.asn1.cmp.CertResponse;
import org.bouncycastle.asn1.cmp.CertOrEncCert;
import org.bouncycastle.asn1.cmp.CertifiedKeyPair;
import org.bouncycastle.asn1.cmp.InfoTypeAndValue;
import org.bouncycastle.asn1.cmp.PKIBody;
import org.bouncycastle.asn1.cmp.PKIMessage;
import org.bouncycastle.asn1.crmf.EncryptedKey;
import org.bouncycastle.cert.X509CertificateHolder;

/**
 * ir, cr, kur or p10cr, from the request to its confirmation (RFC 9483 4.1).
 *
 * `request` is which, `key` the kind of the new key (central: the CA makes it), `as` its name from now on; `implicit` asks for
 * implicitConfirm, `profile` names a certificate profile; `mods` is refuse where nothing but what was asked for
 * will do.
 */
final class Enrolment {
    private final Transaction transaction;
    private final Command command;
    private final Report report;
    private final int type;
    /** Null until the CA has made it, if it does. */
    private KeyPair key;

    Enrolment(Transaction transaction) throws GeneralSecurityException {
        this.transaction = transaction;
        this.command = transaction.command;
        this.report = transaction.report;
        this.type = Bodies.type(command.text("request"));
        String kind = command.text("key", "p256");
        this.key = kind.equals("central") ? null : transaction.session.keys.next(kind);
    }

    void run() throws Exception {
        PKIMessage request = request();
        finish(transaction.exchange(request));
    }

    PKIMessage request() throws Exception {
        return transaction.make(type,
            new CertificateRequests(command, transaction.session, key).content(type), infos());
    }

    /** Go on from an answer that came in a batch. */
    void conclude(PKIMessage request, PKIMessage answer) throws Exception {
        transaction.sent.add(request);
        finish(transaction.take(answer));
    }

    private void finish(PKIMessage first) throws Exception {
        PKIMessage next = first.getBody().getType() == PKIBody.TYPE_POPO_CHALL
            ? new Challenges(transaction).meet(first, key.getPrivate()) : first;
        PKIMessage answer = new Polling(transaction).untilAnswered(next, answerType(type));
        BigInteger certReqId = BigInteger.valueOf(type == PKIBody.TYPE_P10_CERT_REQ ? -1 : 0);
        X509CertificateHolder certificate = granted(answer, certReqId);
        Judgement.Result judgement = Judgement.of(certificate, key, transaction);
        judgement.wrong().forEach(report::find);
        judgement.differences().forEach(difference -> report.add("difference", difference));
        List<String> objections = new ArrayList<>(judgement.wrong());
        if (command.text("mods", "take").equals("refuse")) {
            objections.addAll(judgement.differences());
        }
        boolean isConfirmed = confirmedImplicitly(answer)
            || new Confirmation(transaction).run(certificate, certReqId, objections);
        if (isConfirmed && command.has("as")) {
            transaction.session.keep(
                command.text("as"), new Keys.Identity(certificate, key.getPrivate()));
        }
    }

    private static int answerType(int type) {
        return switch (type) {
            case PKIBody.TYPE_INIT_REQ -> PKIBody.TYPE_INIT_REP;
            case PKIBody.TYPE_KEY_UPDATE_REQ -> PKIBody.TYPE_KEY_UPDATE_REP;
            default -> PKIBody.TYPE_CERT_REP;
        };
    }

    private InfoTypeAndValue[] infos() {
        List<InfoTypeAndValue> infos = new ArrayList<>();
        if (command.has("implicit")) {
            infos.add(new InfoTypeAndValue(CMPObjectIdentifiers.it_implicitConfirm, DERNull.INSTANCE));
        }
        if (command.has("profile")) {
            infos.add(new InfoTypeAndValue(CMPObjectIdentifiers.id_it_certProfile,
                new DERSequence(new DERUTF8String(command.text("profile")))));
        }
        return infos.toArray(InfoTypeAndValue[]::new);
    }

    /** The certificate of an answer, as RFC 9810 5.3.4 has it. */
    private X509CertificateHolder granted(PKIMessage answer, BigInteger certReqId)
            throws Exception {
        CertRepMessage content = CertRepMessage.getInstance(answer.getBody().getContent());
        CertResponse[] responses = content.getResponse();
        if (responses.length != 1) {
            report.find(responses.length + " responses to one request");
            throw new Over("not one response");
        }
        CertResponse response = responses[0];
        if (!response.getCertReqId().getValue().equals(certReqId)) {
            report.find("certReqId is " + response.getCertReqId());
        }
        int status = Statuses.report(report, response.getStatus());
        if (status == Statuses.REJECTION) {
            if (response.getCertifiedKeyPair() != null) {
                report.find("a certificate beside a rejection");
            }
            throw new Over("rejected");
        }
        if (status > Statuses.GRANTED_WITH_MODS) {
            report.find("neither granted nor rejected");
            throw new Over("another status");
        }
        takeRoots(content);
        X509CertificateHolder certificate = certificate(response.getCertifiedKeyPair());
        report.addDer("certificate", certificate.toASN1Structure());
        EncryptedKey central = response.getCertifiedKeyPair().getPrivateKey();
        if ((central == null) != (key != null)) {
            report.find(central == null ? "no key came" : "a key that was not asked for");
            throw new Over("whose key?");
        }
        if (central != null) {
            key = new CentralKey(transaction).of(central, certificate);
        }
        return certificate;
    }

    /** As it is, or for nobody but the holder of its key (RFC 9810 5.2.8.3.2). */
    private X509CertificateHolder certificate(CertifiedKeyPair pair) throws Exception {
        CertOrEncCert content = pair.getCertOrEncCert();
        if (content.getCertificate() != null) {
            return new X509CertificateHolder(content.getCertificate().getX509v3PKCert());
        }
        return new Opening(transaction).certificate(content.getEncryptedCert(), key.getPrivate());
    }

    /** caPubs are in ip only, and only the shared secret vouches for them (RFC 9483 4.1.1). */
    private void takeRoots(CertRepMessage content) throws java.io.IOException {
        for (X509CertificateHolder root : Trust.holders(content.getCaPubs())) {
            report.addDer("caPubs", root.toASN1Structure());
            if (type != PKIBody.TYPE_INIT_REQ
                    || !(transaction.credential instanceof Credential.Secret)) {
                report.find("caPubs where they do not belong");
            }
        }
    }

    private boolean confirmedImplicitly(PKIMessage answer) {
        InfoTypeAndValue[] infos = answer.getHeader().getGeneralInfo();
        for (InfoTypeAndValue info : infos == null ? new InfoTypeAndValue[0] : infos) {
            if (info.getInfoType().equals(CMPObjectIdentifiers.it_implicitConfirm)) {
                report.add("confirmed", "implicitly");
                if (!command.has("implicit") || !DERNull.INSTANCE.equals(info.getInfoValue())) {
                    report.find("implicitConfirm was not asked for, or is not NULL");
                }
                return true;
            }
        }
        return false;
    }
}
