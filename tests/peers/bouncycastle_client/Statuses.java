import org.bouncycastle.asn1.cmp.ErrorMsgContent;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;
import org.bouncycastle.asn1.cmp.PKIFreeText;
import org.bouncycastle.asn1.cmp.PKIStatus;
import org.bouncycastle.asn1.cmp.PKIStatusInfo;

/** PKIStatusInfo (RFC 9810 5.2.3): what one says, put into the report. */
final class Statuses {
    static final int ACCEPTED = 0;
    static final int GRANTED_WITH_MODS = 1;
    static final int REJECTION = 2;
    static final int WAITING = 3;
    private static final String[] NAMES = {
        "accepted", "grantedWithMods", "rejection", "waiting", "revocationWarning",
        "revocationNotification", "keyUpdateWarning"};

    private Statuses() {}

    /** What a client says that cannot go on (RFC 9810 5.3.21). */
    static ErrorMsgContent error(String why) {
        return new ErrorMsgContent(new PKIStatusInfo(PKIStatus.rejection, new PKIFreeText(why),
            new PKIFailureInfo(PKIFailureInfo.systemFailure)));
    }

    static int report(Report report, PKIStatusInfo info) throws ReflectiveOperationException {
        int status = info.getStatus().intValueExact();
        report.add("status", status < NAMES.length ? NAMES[status] : status);
        PKIFreeText text = info.getStatusString();
        for (int i = 0; text != null && i < text.size(); i++) {
            report.add("text", text.getStringAtUTF8(i).getString());
        }
        if (info.getFailInfo() != null) {
            report.add("failure", FailureInfo.names(new PKIFailureInfo(info.getFailInfo())));
            if (status != REJECTION) {
                report.find("failInfo beside the status " + status);
            }
        } else if (status == REJECTION) {
            report.find("a rejection without failInfo");
        }
        return status;
    }
}
