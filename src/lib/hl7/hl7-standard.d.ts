/** The part of hl7-standard 1.0.4 (which has no types) that `outgoing.ts` uses. */
declare module 'hl7-standard' {
  type Component = string | string[];
  interface Segment {
    data: Record<string, string | Record<string, Component>[]>;
  }
  export default class HL7 {
    constructor(
      raw?: string,
      options?: { lineEndings?: string; subComponents?: string; repeatingFields?: string },
    );
    createSegment(name: string): Segment;
    build(): string;
  }
}
