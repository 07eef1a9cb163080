import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.table.api.EnvironmentSettings;
import org.apache.flink.table.api.TableEnvironment;
import org.apache.flink.table.api.TableResult;

/**
 * Runs the statements of a folder in one JVM, Flink in it: its tables and views, then the jobs named, or all of them.
 *
 *   SqlRunner [-Dname=value …] FOLDER [JOB | FILE.sql …]
 *
 * A name without a dot is a variable of the statements (FOLDER/variables.properties has them all), one with a dot an
 * option of Flink, e.g. -Dexecution.checkpointing.interval=10s. A SET holds to the end of its file. Jobs run side by
 * side; a SELECT is printed to its end before what follows. Ends when all jobs have; with 1 as soon as one fails.
 */
public final class SqlRunner {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\$\\{(\\w+)}");
  private static final Pattern SET = Pattern.compile("SET\\s+'([^']+)'\\s*=\\s*'([^']*)'", Pattern.CASE_INSENSITIVE);

  private final Map<String, String> variables = new LinkedHashMap<>();
  private final Configuration options = smallCluster();
  private final List<CompletableFuture<?>> running = new ArrayList<>();

  public static void main(String[] arguments) {
    try {
      new SqlRunner().run(List.of(arguments));
      System.exit(0);
    } catch (Throwable error) {
      System.err.println(causes(error));
      System.exit(1);
    }
  }

  /** What one machine has to spare: a few tables' worth of buffers, no state on disk. */
  private static Configuration smallCluster() {
    Configuration options = new Configuration();
    Map<String, String> small = Map.of(
        "parallelism.default", "1",
        "taskmanager.numberOfTaskSlots", "1",
        "taskmanager.memory.network.min", "16mb",
        "taskmanager.memory.network.max", "16mb",
        "taskmanager.memory.managed.size", "32mb",
        "rest.address", "127.0.0.1",
        "rest.bind-address", "127.0.0.1",
        "rest.bind-port", "0",
        // Alerts are committed, and seen, when a checkpoint is complete.
        "execution.checkpointing.interval", "5s",
        "table.local-time-zone", "UTC");
    small.forEach(options::setString);
    return options;
  }

  private void run(List<String> arguments) throws Exception {
    List<String> rest = new ArrayList<>();
    Map<String, String> given = new LinkedHashMap<>();
    for (String argument : arguments) {
      if (!argument.startsWith("-D")) rest.add(argument);
      else given.put(argument.substring(2).split("=", 2)[0], argument.split("=", 2)[1]);
    }
    if (rest.isEmpty()) throw new IllegalArgumentException("usage: SqlRunner [-Dname=value …] FOLDER [JOB | FILE.sql …]");
    Path folder = Path.of(rest.get(0));
    Properties defaults = new Properties();
    defaults.load(new StringReader(Files.readString(folder.resolve("variables.properties"))));
    defaults.forEach((name, value) -> variables.put((String) name, (String) value));
    for (Map.Entry<String, String> each : given.entrySet()) {
      if (each.getKey().contains(".")) options.setString(each.getKey(), each.getValue());
      else if (variables.replace(each.getKey(), each.getValue()) == null) {
        throw new IllegalArgumentException("there is no variable " + each.getKey() + "; there are " + variables.keySet());
      }
    }
    for (Path file : filesOf(folder, rest.subList(1, rest.size()))) {
      // Each file has an environment of its own: Flink keeps in another place, too, what a SET has changed.
      TableEnvironment flink = TableEnvironment.create(
          EnvironmentSettings.newInstance().withConfiguration(new Configuration(options)).build());
      for (Path each : List.of(folder.resolve("tables.sql"), folder.resolve("views.sql"), file)) execute(flink, each);
    }
    awaitAll();
  }

  private static List<Path> filesOf(Path folder, List<String> names) throws IOException {
    if (!names.isEmpty()) {
      return names.stream()
          .map(name -> name.endsWith(".sql") ? Path.of(name) : folder.resolve("jobs").resolve(name + ".sql"))
          .toList();
    }
    try (Stream<Path> all = Files.list(folder.resolve("jobs"))) {
      return all.filter(path -> path.toString().endsWith(".sql")).sorted().toList();
    }
  }

  private void execute(TableEnvironment flink, Path file) throws Exception {
    String name = file.getFileName().toString().replace(".sql", "");
    for (String statement : statementsOf(filled(Files.readString(file), file))) {
      Matcher setting = SET.matcher(statement);
      if (setting.matches()) {
        flink.getConfig().set(setting.group(1), setting.group(2));
        continue;
      }
      try {
        executeOne(flink, statement, name);
      } catch (Exception error) {
        throw new IllegalStateException(file + ": " + statement.lines().findFirst().orElse(""), error);
      }
    }
  }

  private void executeOne(TableEnvironment flink, String statement, String name) throws Exception {
    TableResult result = flink.executeSql(statement);
    if (statement.toUpperCase().startsWith("INSERT")) {
      var job = result.getJobClient().orElseThrow();
      running.add(job.getJobExecutionResult().whenComplete((done, error) -> {
        System.out.println((error == null ? "finished " : "failed ") + name);
      }));
      System.out.println("running " + name + " " + job.getJobID());
    } else if (!statement.toUpperCase().startsWith("CREATE")) {
      result.print();
    }
  }

  /** Waits for the first failure or for all to finish. */
  private void awaitAll() throws Exception {
    CompletableFuture<Void> failed = new CompletableFuture<>();
    for (CompletableFuture<?> each : running) {
      each.exceptionally(error -> {
        failed.completeExceptionally(error);
        return null;
      });
    }
    CompletableFuture.anyOf(failed, CompletableFuture.allOf(running.toArray(new CompletableFuture[0]))).get();
  }

  private String filled(String text, Path file) {
    return PLACEHOLDER.matcher(text).replaceAll(found -> {
      String value = variables.get(found.group(1));
      if (value == null) throw new IllegalArgumentException(file + " asks for a variable that there is not: " + found.group());
      return Matcher.quoteReplacement(value);
    });
  }

  /** Statements end with a semicolon at the end of a line; lines that begin with two dashes are for people. */
  static List<String> statementsOf(String text) {
    List<String> statements = new ArrayList<>();
    StringBuilder open = new StringBuilder();
    for (String line : text.lines().toList()) {
      if (line.strip().startsWith("--")) continue;
      open.append(line).append('\n');
      if (!line.stripTrailing().endsWith(";")) continue;
      String statement = open.toString().strip();
      statements.add(statement.substring(0, statement.length() - 1).strip());
      open.setLength(0);
    }
    String rest = open.toString().strip();
    if (!rest.isEmpty()) throw new IllegalArgumentException("a statement has no end: " + rest);
    return statements;
  }

  private static String causes(Throwable error) {
    StringBuilder text = new StringBuilder();
    for (Throwable each = error; each != null; each = each.getCause()) {
      text.append(text.isEmpty() ? "" : "\n  because ").append(each.getClass().getSimpleName()).append(": ");
      text.append(String.valueOf(each.getMessage()).lines().findFirst().orElse(""));
    }
    return text.toString();
  }
}
