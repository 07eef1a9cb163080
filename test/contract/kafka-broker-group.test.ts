import { brokerBench } from "./broker-bench.ts";
import { groupContract } from "./kafka-group-suite.ts";

groupContract("a real broker", brokerBench);
