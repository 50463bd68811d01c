/** One believable fault of a stand-in: a lost check, an off-by-one, a wrong status. */
export interface Defect {
  /** From the root of the tree. */
  readonly file: string;
  /** Occurs in the file exactly once; otherwise the list is stale. */
  readonly find: string;
  readonly replace: string;
  /** What goes wrong for a client, in a few words. */
  readonly why: string;
  /** Pattern of the test files expected to notice; without it all of the service's are run. */
  readonly tests?: string;
}

export interface DefectList {
  /** Folders of tests, from the root of the tree; `test/integration/cosmos/` and the like. */
  readonly tests: readonly string[];
  readonly defects: readonly Defect[];
}
