import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.header.Header;

/**
 * Dead letters are original bytes, in several records where they are long. A header that holds a SHA-256 in hex says
 * what the whole hashes to; without one a record is a whole.
 */
final class DeadLetters {
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  private final Report report;
  private final Map<String, ByteArrayOutputStream> unfinished = new HashMap<>();

  DeadLetters(Report report) {
    this.report = report;
  }

  void take(ConsumerRecord<byte[], byte[]> record) {
    String at = record.topic() + "-" + record.partition() + "@" + record.offset();
    byte[] value = record.value() == null ? new byte[0] : record.value();
    String promised = promisedHash(record);
    if (promised == null) {
      report.takeDeadLetter(Sha256.hex(value), at);
      return;
    }
    String key = record.partition() + "/" + promised;
    ByteArrayOutputStream whole = unfinished.computeIfAbsent(key, any -> new ByteArrayOutputStream());
    whole.writeBytes(value);
    if (Sha256.hex(whole.toByteArray()).equals(promised)) {
      unfinished.remove(key);
      report.takeDeadLetter(promised, at);
    }
  }

  /** To be called behind the last record. */
  void finish() {
    unfinished.keySet().forEach(report::takeBrokenDeadLetter);
  }

  private static String promisedHash(ConsumerRecord<byte[], byte[]> record) {
    for (Header header : record.headers()) {
      String value = header.value() == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
      if (SHA256.matcher(value).matches()) return value;
    }
    return null;
  }
}
