import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** Decodes values in Confluent's wire format (a zero byte, four bytes of schema id, Avro) by the registry's schemas. */
final class SchemaCatalog {
  private final String registry;
  private final HttpClient http = HttpClient.newHttpClient();
  private final Map<Integer, GenericDatumReader<GenericRecord>> readers = new HashMap<>();

  SchemaCatalog(String registry) {
    this.registry = registry.replaceAll("/+$", "");
  }

  /** @throws IOException when these are not exactly the bytes of one record */
  GenericRecord decode(byte[] value) throws IOException, InterruptedException {
    if (value.length < 5 || value[0] != 0) throw new IOException("not the wire format of a registry");
    GenericDatumReader<GenericRecord> reader = reader(ByteBuffer.wrap(value, 1, 4).getInt());
    BinaryDecoder decoder = DecoderFactory.get().binaryDecoder(value, 5, value.length - 5, null);
    GenericRecord activity = reader.read(null, decoder);
    if (!decoder.isEnd()) throw new IOException("bytes are left over behind the record");
    return activity;
  }

  private GenericDatumReader<GenericRecord> reader(int id) throws IOException, InterruptedException {
    GenericDatumReader<GenericRecord> known = readers.get(id);
    if (known != null) return known;
    URI uri = URI.create(registry + "/schemas/ids/" + id);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(20)).build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() != 200) throw new IOException(uri + " answered " + response.statusCode());
    String schema = new ObjectMapper().readTree(response.body()).get("schema").asText();
    GenericDatumReader<GenericRecord> reader = new GenericDatumReader<>(new Schema.Parser().parse(schema));
    readers.put(id, reader);
    return reader;
  }
}
