import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;

/** A line of the driver: names and values, encoded as in forms. What is not there has its usual value. */
final class Command {
    private final Map<String, String> values = new HashMap<>();

    Command(String line) {
        for (String pair : line.split("&")) {
            int equals = pair.indexOf('=');
            values.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
        }
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    boolean has(String name) {
        return values.containsKey(name);
    }

    String text(String name) {
        String value = values.get(name);
        if (value == null) {
            throw new IllegalArgumentException(name + " is missing");
        }
        return value;
    }

    String text(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    int number(String name, int otherwise) {
        return has(name) ? Integer.parseInt(text(name)) : otherwise;
    }

    /** Bytes in hexadecimal; "none" stands for null. */
    byte[] bytes(String name, byte[] otherwise) {
        if (!has(name)) {
            return otherwise;
        }
        return text(name).equals("none") ? null : HexFormat.of().parseHex(text(name));
    }
}
