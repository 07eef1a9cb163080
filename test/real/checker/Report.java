import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.clients.consumer.ConsumerRecord;

/** The verdict: each record taken is held against the truth; at the end, what of the truth was not found. */
final class Report {
  private static final int EXAMPLES_MAX = 5;
  /** What must be 0, in the order of the report. */
  private static final List<String> DEFECTS =
      List.of("missing", "duplicate", "altered", "unknown", "mistimed", "undecodable");

  private final Truth truth;
  private final Map<String, Long> counts = new LinkedHashMap<>();
  private final Map<String, List<String>> examples = new LinkedHashMap<>();
  private final Set<String> seen = new HashSet<>();
  private long published;
  private long withoutRaw;
  private long deadLettered;
  private long beyondLastStable;

  Report(Truth truth) {
    this.truth = truth;
    DEFECTS.forEach(defect -> counts.put(defect, 0L));
  }

  long published() {
    return published;
  }

  /** The decoded activity, or null when it could not be decoded. */
  GenericRecord take(ConsumerRecord<byte[], byte[]> record, SchemaCatalog schemas) throws InterruptedException {
    published++;
    String at = record.topic() + "-" + record.partition() + "@" + record.offset();
    try {
      GenericRecord activity = schemas.decode(record.value() == null ? new byte[0] : record.value());
      judge(activity, at);
      return activity;
    } catch (IOException | RuntimeException undecodable) {
      count("undecodable", at + ": " + undecodable);
      return null;
    }
  }

  private void judge(GenericRecord activity, String at) {
    String id = String.valueOf(field(activity, "_id"));
    String scan = String.valueOf(field(activity, "scan"));
    if (!seen.add(scan + "\n" + id)) count("duplicate", id + " at " + at);
    Truth.Entry entry = truth.byId.get(id);
    if (entry == null) {
      count("unknown", id + " at " + at);
      return;
    }
    entry.found = true;
    Object raw = field(activity, "raw");
    if (raw == null) withoutRaw++;
    else if (!entry.sha256.equals(Sha256.hex(raw.toString().getBytes(StandardCharsets.UTF_8)))) {
      count("altered", id + " at " + at);
    }
    Object created = field(activity, "created");
    Object timestamp = field(activity, "timestamp");
    if (!Objects.equals(created, entry.created) || !Objects.equals(timestamp, entry.timestamp)) {
      count("mistimed", id + " at " + at + ": created " + created + ", timestamp " + timestamp);
    }
  }

  private static Object field(GenericRecord activity, String name) {
    return activity.hasField(name) ? activity.get(name) : null;
  }

  /** A whole dead letter, by the hash of its bytes. */
  void takeDeadLetter(String sha256, String at) {
    deadLettered++;
    Truth.Entry entry = truth.bySha256.get(sha256);
    if (entry == null) count("unknown", "dead letter " + sha256 + " at " + at);
    else if (entry.found) count("duplicate", entry.id + " also as a dead letter at " + at);
    else entry.found = true;
  }

  /** A dead letter whose parts do not add up to its hash. */
  void takeBrokenDeadLetter(String at) {
    count("altered", "dead letter at " + at);
  }

  void finish(long offsetsBeyondLastStable) {
    beyondLastStable = offsetsBeyondLastStable;
    for (Truth.Entry entry : truth.byId.values()) if (!entry.found) count("missing", entry.id);
  }

  boolean isClean() {
    return counts.values().stream().allMatch(count -> count == 0);
  }

  /** One line. */
  String toJson() {
    ObjectNode report = new ObjectMapper().createObjectNode();
    report.put("expected", truth.byId.size()).put("published", published);
    counts.forEach(report::put);
    report.put("deadLettered", deadLettered).put("withoutRaw", withoutRaw).put("beyondLastStable", beyondLastStable);
    ObjectNode shown = report.putObject("examples");
    examples.forEach(
        (defect, texts) -> {
          ArrayNode list = shown.putArray(defect);
          texts.forEach(list::add);
        });
    return report.toString();
  }

  private void count(String defect, String example) {
    counts.merge(defect, 1L, Long::sum);
    List<String> texts = examples.computeIfAbsent(defect, any -> new ArrayList<>());
    if (texts.size() < EXAMPLES_MAX) texts.add(example);
  }
}
