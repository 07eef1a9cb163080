import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A folder as Kubernetes mounts a ConfigMap or Secret: what it shows is swapped as a whole, by renaming one link. */
export class MountedFiles {
  readonly dir: string;
  #version = 0;

  /** @param dir an empty folder. @param files by name. */
  constructor(dir: string, files: Readonly<Record<string, string>>) {
    this.dir = dir;
    this.swap(files);
    for (const name of Object.keys(files)) symlinkSync(join("..data", name), join(dir, name));
  }

  /** Shows other contents in the same files. */
  swap(files: Readonly<Record<string, string>>): void {
    const before = `..version_${this.#version}`;
    this.#version += 1;
    const version = `..version_${this.#version}`;
    mkdirSync(join(this.dir, version));
    for (const [name, text] of Object.entries(files)) writeFileSync(join(this.dir, version, name), text);
    symlinkSync(version, join(this.dir, "..data_tmp"));
    renameSync(join(this.dir, "..data_tmp"), join(this.dir, "..data"));
    rmSync(join(this.dir, before), { recursive: true, force: true });
  }
}
