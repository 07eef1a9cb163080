import kafkajs, { type PartitionAssigner } from "kafkajs";
import { assignShards, type Claims, decodeClaims, encodeClaims, type Shards } from "./assigner.ts";

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol;
const NAME = "mdca-sticky-shards";
const VERSION = 1;

/**
 * Our assignment in kafkajs's clothes.
 * @param joining called synchronously as a join is about to be written, whatever led to it: after an expired session
 *   nothing else tells of it.
 */
export function stickyAssigner(topic: string, shards: Shards, joining: () => Omit<Claims, "id">): PartitionAssigner {
  return () => ({
    name: NAME,
    version: VERSION,
    protocol: ({ topics }) => {
      const userData = encodeClaims(joining());
      return { name: NAME, metadata: MemberMetadata.encode({ version: VERSION, topics, userData }) };
    },
    assign: async ({ members }) => {
      const claims = members.map(({ memberId, memberMetadata }) =>
        decodeClaims(memberId, MemberMetadata.decode(memberMetadata)?.userData ?? Buffer.alloc(0)),
      );
      return [...assignShards(shards, claims)].map(([memberId, own]) => {
        const assignment = { version: VERSION, assignment: { [topic]: own }, userData: Buffer.alloc(0) };
        return { memberId, memberAssignment: MemberAssignment.encode(assignment) };
      });
    },
  });
}
