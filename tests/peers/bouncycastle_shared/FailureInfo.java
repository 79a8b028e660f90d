import java.lang.reflect.Field;
import org.bouncycastle.asn1.cmp.PKIFailureInfo;

/** The bits of PKIFailureInfo and their names (RFC 9810 5.2.3). */
final class FailureInfo {
    private FailureInfo() {}

    /** The bit that RFC 9810 5.2.3 calls so. */
    static int bit(String name) throws ReflectiveOperationException {
        return PKIFailureInfo.class.getField(name).getInt(null);
    }

    /** The names of the bits. */
    static String names(PKIFailureInfo info) throws ReflectiveOperationException {
        StringBuilder names = new StringBuilder();
        for (Field field : PKIFailureInfo.class.getFields()) {
            // The old names in capitals are there once more.
            boolean isBit = field.getType() == int.class
                && Character.isLowerCase(field.getName().charAt(0));
            if (isBit && (info.intValue() & field.getInt(null)) != 0) {
                names.append(names.isEmpty() ? "" : ",").append(field.getName());
            }
        }
        return names.toString();
    }
}
