import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.apache.avro.file.DataFileReader;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;

/**
 * Reads Avro container files by Apache Avro alone. For each file a line of JSON with how many records it has and its
 * codec, then one a record: its id and the SHA-256 of its exact JSON, between tabs.
 */
final class ReadContainer {
  private ReadContainer() {}

  public static void main(String[] files) throws IOException {
    StringBuilder out = new StringBuilder();
    for (String name : files) {
      long records = 0;
      StringBuilder lines = new StringBuilder();
      try (var reader = new DataFileReader<GenericRecord>(new File(name), new GenericDatumReader<>())) {
        for (GenericRecord record : reader) {
          records++;
          byte[] raw = record.get("raw").toString().getBytes(StandardCharsets.UTF_8);
          lines.append(record.get("_id")).append('\t').append(Sha256.hex(raw)).append('\n');
        }
        String head = "{\"records\":%d,\"codec\":\"%s\",\"schema\":\"%s\"}\n";
        out.append(head.formatted(records, reader.getMetaString("avro.codec"), reader.getSchema().getFullName()));
      }
      out.append(lines);
    }
    System.out.print(out);
  }
}
