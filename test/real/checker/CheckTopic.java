import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares what is in Kafka with what the tenant says is true, independently of the connector: Kafka's own Java
 * client under read_committed, Apache Avro's generic reader, and nothing of this project.
 *
 * <p>The last line on stdout is the report as JSON. Exit code: 0 nothing differs, 1 something does, 2 wrong usage or
 * the check could not be carried out.
 */
final class CheckTopic {
  private static final String USAGE =
      """
      usage: CheckTopic --bootstrap HOST:PORT,… --topics NAME,… --registry URL --truth FILE_OR_URL [options]
        --truth …       may be given several times; lines of {"id","sha256","created","timestamp"}
        --dlq NAME      dead letters count as found when their bytes hash to a line of the truth
        --config FILE   Kafka client properties, e.g. for SASL_SSL
        --print N       N decoded activities, before the report
      """;

  private CheckTopic() {}

  public static void main(String[] args) {
    try {
      Map<String, List<String>> options = parse(args);
      Report report = check(options);
      System.out.println(report.toJson());
      System.exit(report.isClean() ? 0 : 1);
    } catch (IllegalArgumentException wrong) {
      System.err.println(wrong.getMessage() + "\n" + USAGE);
      System.exit(2);
    } catch (Exception failed) {
      failed.printStackTrace();
      System.exit(2);
    }
  }

  private static Report check(Map<String, List<String>> options) throws IOException, InterruptedException {
    Truth truth = Truth.load(options.get("truth"));
    SchemaCatalog schemas = new SchemaCatalog(one(options, "registry", null));
    TopicReader reader = new TopicReader(one(options, "bootstrap", null), one(options, "config", ""));
    int print = Integer.parseInt(one(options, "print", "0"));
    Report report = new Report(truth);
    reader.readAll(
        Arrays.asList(one(options, "topics", null).split(",")),
        record -> {
          var activity = report.take(record, schemas);
          if (activity != null && report.published() <= print) System.out.println(Pretty.print(activity));
        });
    String dlq = one(options, "dlq", "");
    if (!dlq.isEmpty()) {
      DeadLetters letters = new DeadLetters(report);
      reader.readAll(List.of(dlq), letters::take);
      letters.finish();
    }
    report.finish(reader.beyondLastStable());
    return report;
  }

  private static Map<String, List<String>> parse(String[] args) {
    List<String> known = List.of("bootstrap", "topics", "registry", "truth", "dlq", "config", "print");
    Map<String, List<String>> options = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      String name = args[i].startsWith("--") ? args[i].substring(2) : "";
      if (!known.contains(name)) throw new IllegalArgumentException("unknown argument: " + args[i]);
      if (i + 1 == args.length) throw new IllegalArgumentException("a value is missing after " + args[i]);
      options.computeIfAbsent(name, any -> new ArrayList<>()).add(args[i + 1]);
    }
    for (String name : known.subList(0, 4)) {
      if (!options.containsKey(name)) throw new IllegalArgumentException("--" + name + " is missing");
    }
    return options;
  }

  /** The last value given, or {@code otherwise}. */
  private static String one(Map<String, List<String>> options, String name, String otherwise) {
    List<String> given = options.get(name);
    return given == null ? otherwise : given.get(given.size() - 1);
  }
}
