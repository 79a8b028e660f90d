/** Kinds of PKIBody by their names (RFC 9810 5.1.2), whose places are their tags. */
final class Bodies {
    private static final String[] NAMES = {
        "ir", "ip", "cr", "cp", "p10cr", "popdecc", "popdecr", "kur", "kup", "krr", "krp", "rr", "rp",
        "ccr", "ccp", "ckuann", "cann", "rann", "crlann", "pkiconf", "nested", "genm", "genp", "error",
        "certConf", "pollReq", "pollRep"};

    private Bodies() {}

    static String name(int type) {
        return NAMES[type];
    }

    static int type(String name) {
        return java.util.List.of(NAMES).indexOf(name);
    }
}
