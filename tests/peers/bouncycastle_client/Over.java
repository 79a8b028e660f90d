/** The transaction ends here: the CA refused, or its answer is not to be gone on with. */
final class Over extends Exception {
    private static final long serialVersionUID = 1;

    Over(String why) {
        super(why);
    }
}
