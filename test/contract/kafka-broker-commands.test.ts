import { brokerBench } from "./broker-bench.ts";
import { commandsContract } from "./kafka-commands-suite.ts";

commandsContract("a real broker", brokerBench);
