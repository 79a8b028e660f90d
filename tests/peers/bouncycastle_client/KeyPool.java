import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/** Key pairs by their kind. RSA takes seconds to make: a few go round, never one twice in a row. */
final class KeyPool {
    private static final int MOST = 3;

    private final Map<String, Deque<KeyPair>> made = new HashMap<>();

    KeyPair next(String kind) throws GeneralSecurityException {
        if (!kind.startsWith("rsa")) {
            return Keys.generate(kind);
        }
        Deque<KeyPair> pairs = made.computeIfAbsent(kind, any -> new ArrayDeque<>());
        KeyPair pair = pairs.size() < MOST ? Keys.generate(kind) : pairs.removeFirst();
        pairs.addLast(pair);
        return pair;
    }
}
