import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What the tenant says that it shows: by id, and by the SHA-256 of each activity's bytes. */
final class Truth {
  /** An activity of the tenant; null times were not there. {@code found} is set by the report. */
  static final class Entry {
    final String id;
    final String sha256;
    final Long created;
    final Long timestamp;
    boolean found;

    Entry(String id, String sha256, Long created, Long timestamp) {
      this.id = id;
      this.sha256 = sha256;
      this.created = created;
      this.timestamp = timestamp;
    }
  }

  final Map<String, Entry> byId = new HashMap<>();
  final Map<String, Entry> bySha256 = new HashMap<>();

  static Truth load(List<String> sources) throws IOException, InterruptedException {
    Truth truth = new Truth();
    for (String source : sources) truth.read(source);
    return truth;
  }

  private void read(String source) throws IOException, InterruptedException {
    ObjectMapper json = new ObjectMapper();
    try (var lines = new BufferedReader(new InputStreamReader(open(source), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (!line.isBlank()) add(json.readTree(line));
      }
    }
  }

  private void add(JsonNode line) throws IOException {
    if (!line.hasNonNull("sha256")) throw new IOException("a line of the truth has no sha256: " + line);
    String sha256 = line.get("sha256").asText();
    String id = line.hasNonNull("id") ? line.get("id").asText() : sha256;
    Entry entry = new Entry(id, sha256, millis(line, "created"), millis(line, "timestamp"));
    if (byId.put(id, entry) != null) throw new IOException("the truth has an id twice: " + id);
    bySha256.put(sha256, entry);
  }

  private static Long millis(JsonNode line, String field) {
    return line.hasNonNull(field) ? line.get(field).asLong() : null;
  }

  private static InputStream open(String source) throws IOException, InterruptedException {
    if (!source.startsWith("http://") && !source.startsWith("https://")) return Files.newInputStream(Path.of(source));
    HttpRequest request = HttpRequest.newBuilder(URI.create(source)).build();
    var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) throw new IOException(source + " answered " + response.statusCode());
    return response.body();
  }
}
