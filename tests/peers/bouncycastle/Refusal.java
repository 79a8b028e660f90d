/** What is wrong with a request: the bit of PKIFailureInfo, and the words for the answer. */
final class Refusal extends Exception {
    private static final long serialVersionUID = 1;

    final int failInfo;

    Refusal(int failInfo, String words) {
        super(words);
        this.failInfo = failInfo;
    }
}
