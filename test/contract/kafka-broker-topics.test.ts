import { brokerBench } from "./broker-bench.ts";
import { topicsContract } from "./kafka-topics-suite.ts";

topicsContract("a real broker", brokerBench);
