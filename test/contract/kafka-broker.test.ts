import { brokerBench } from "./broker-bench.ts";
import { kafkaContract } from "./kafka-suite.ts";

kafkaContract("a real broker", brokerBench);
