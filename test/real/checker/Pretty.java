import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericRecord;

/** A decoded activity for people: what is null is left out, times are readable, long texts are cut. */
final class Pretty {
  private static final int TEXT_MAX = 100;
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private Pretty() {}

  static String print(GenericRecord activity) {
    try {
      JsonNode tree = tree(activity.getSchema(), activity);
      return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(tree);
    } catch (JsonProcessingException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static JsonNode tree(Schema declared, Object value) {
    Schema schema = declared;
    if (declared.getType() == Schema.Type.UNION) {
      schema = declared.getTypes().get(GenericData.get().resolveUnion(declared, value));
    }
    switch (schema.getType()) {
      case RECORD:
        return record(schema, (GenericRecord) value);
      case ARRAY:
        ArrayNode list = NODES.arrayNode();
        for (Object item : (Collection<?>) value) list.add(tree(schema.getElementType(), item));
        return list;
      case MAP:
        ObjectNode map = NODES.objectNode();
        for (var entry : ((Map<?, ?>) value).entrySet()) {
          map.set(entry.getKey().toString(), tree(schema.getValueType(), entry.getValue()));
        }
        return map;
      case LONG:
        boolean isTime = "timestamp-millis".equals(schema.getProp("logicalType"));
        return isTime ? NODES.textNode(Instant.ofEpochMilli((Long) value).toString()) : NODES.numberNode((Long) value);
      case INT:
        return NODES.numberNode((Integer) value);
      case DOUBLE:
        return NODES.numberNode((Double) value);
      case FLOAT:
        return NODES.numberNode((Float) value);
      case BOOLEAN:
        return NODES.booleanNode((Boolean) value);
      case NULL:
        return NODES.nullNode();
      case BYTES:
        return NODES.textNode(HexFormat.of().formatHex(((ByteBuffer) value).array()));
      default:
        return NODES.textNode(shorten(value.toString()));
    }
  }

  private static ObjectNode record(Schema schema, GenericRecord value) {
    ObjectNode object = NODES.objectNode();
    for (Schema.Field field : schema.getFields()) {
      Object inner = value.get(field.pos());
      if (inner != null) object.set(field.name(), tree(field.schema(), inner));
    }
    return object;
  }

  private static String shorten(String text) {
    return text.length() <= TEXT_MAX ? text : text.substring(0, TEXT_MAX) + "… (" + text.length() + " characters)";
  }
}
