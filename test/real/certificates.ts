import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runTool } from "./jvm.ts";

export const storePassword = "changeit";

export interface Certificates {
  /** PEM of the private authority: what a client is told to trust. */
  readonly caFile: string;
  /** PKCS12 with the broker's key, its certificate for 127.0.0.1 and localhost, and the authority's. */
  readonly keystore: string;
}

/** A private authority and a server certificate signed by it, made with the JDK's keytool (OpenSSL may be absent). */
export async function makeCertificates(dir: string): Promise<Certificates> {
  const caStore = join(dir, "ca.p12");
  const caFile = join(dir, "ca.pem");
  const keystore = join(dir, "broker.p12");
  const request = join(dir, "broker.csr");
  const certificate = join(dir, "broker.pem");
  const keytool = (store: string, ...args: string[]) =>
    runTool(["keytool", ...args, "-keystore", store, "-storetype", "PKCS12", "-storepass", storePassword]);
  const makeKey = (store: string, alias: string, ...ext: string[]) =>
    keytool(
      store,
      "-genkeypair",
      "-alias",
      alias,
      "-keyalg",
      "EC",
      "-groupname",
      "secp256r1",
      "-validity",
      "30",
      "-dname",
      `CN=${alias},O=test`,
      ...ext,
    );
  await Promise.all([makeKey(caStore, "private-ca", "-ext", "bc:critical=ca:true"), makeKey(keystore, "broker")]);
  await keytool(caStore, "-exportcert", "-rfc", "-alias", "private-ca", "-file", caFile);
  await keytool(keystore, "-certreq", "-alias", "broker", "-file", request);
  await keytool(
    caStore,
    "-gencert",
    "-rfc",
    "-alias",
    "private-ca",
    "-infile",
    request,
    "-outfile",
    certificate,
    "-validity",
    "30",
    "-ext",
    "san=ip:127.0.0.1,dns:localhost",
    "-ext",
    "eku=serverAuth,clientAuth",
  );
  await keytool(keystore, "-importcert", "-noprompt", "-alias", "private-ca", "-file", caFile);
  await keytool(keystore, "-importcert", "-noprompt", "-alias", "broker", "-file", certificate);
  return { caFile, keystore };
}

/** What Kafka's Java client needs to speak SASL_SSL as `user`, as a properties file. */
export function writeClientProperties(file: string, caFile: string, user: { name: string; password: string }): string {
  const login = "org.apache.kafka.common.security.scram.ScramLoginModule required";
  const lines = [
    "security.protocol=SASL_SSL",
    "sasl.mechanism=SCRAM-SHA-512",
    `sasl.jaas.config=${login} username="${user.name}" password="${user.password}";`,
    "ssl.truststore.type=PEM",
    `ssl.truststore.location=${caFile}`,
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
}
