import java.io.FileReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads whole topics as they are now, under read_committed, from the first record to the last stable one. */
final class TopicReader {
  interface Sink {
    void take(ConsumerRecord<byte[], byte[]> record) throws IOException, InterruptedException;
  }

  private static final Duration SILENCE_MAX = Duration.ofSeconds(60);

  private final Properties properties = new Properties();
  private long beyondLastStable;

  TopicReader(String bootstrap, String propertiesFile) throws IOException {
    if (!propertiesFile.isEmpty()) {
      try (FileReader file = new FileReader(propertiesFile)) {
        properties.load(file);
      }
    }
    properties.put("bootstrap.servers", bootstrap);
    properties.put("enable.auto.commit", "false");
    properties.put("auto.offset.reset", "none");
    properties.put("allow.auto.create.topics", "false");
    properties.put("fetch.max.bytes", "16777216");
  }

  /** @throws IOException when a topic is not there, or the brokers stop answering before its end */
  void readAll(List<String> topics, Sink sink) throws IOException, InterruptedException {
    try (var consumer = consumer("read_committed");
        var uncommitted = consumer("read_uncommitted")) {
      List<TopicPartition> partitions = partitions(consumer, topics);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      uncommitted.endOffsets(partitions).forEach((at, end) -> beyondLastStable += Math.max(0, end - ends.get(at)));
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      long lastProgress = System.nanoTime();
      while (partitions.stream().anyMatch(at -> consumer.position(at) < ends.get(at))) {
        var records = consumer.poll(Duration.ofMillis(500));
        for (ConsumerRecord<byte[], byte[]> record : records) {
          TopicPartition at = new TopicPartition(record.topic(), record.partition());
          if (record.offset() < ends.get(at)) sink.take(record);
        }
        if (!records.isEmpty()) lastProgress = System.nanoTime();
        if (System.nanoTime() - lastProgress > SILENCE_MAX.toNanos()) {
          throw new IOException("the brokers have sent nothing for " + SILENCE_MAX + " before the end of " + topics);
        }
      }
    }
  }

  /** Offsets behind the last stable one, over all reads: an open transaction holds them back from every reader. */
  long beyondLastStable() {
    return beyondLastStable;
  }

  private static List<TopicPartition> partitions(KafkaConsumer<?, ?> consumer, List<String> topics) throws IOException {
    List<TopicPartition> partitions = new ArrayList<>();
    for (String topic : topics) {
      var found = consumer.partitionsFor(topic);
      if (found == null || found.isEmpty()) throw new IOException("there is no topic " + topic);
      found.forEach(each -> partitions.add(new TopicPartition(topic, each.partition())));
    }
    return partitions;
  }

  private KafkaConsumer<byte[], byte[]> consumer(String isolation) {
    Properties own = new Properties();
    own.putAll(properties);
    own.put("isolation.level", isolation);
    return new KafkaConsumer<>(own, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }
}
