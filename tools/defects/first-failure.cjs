'use strict';
// A jest reporter for the runner: tells of a failed test the moment it fails. Jest's own --bail ends a run only
// between files, and after a fault the other tests of a file may each wait for their time limit.
module.exports = class FirstFailure {
  onTestCaseResult(test, result) {
    if (result.status === 'failed') this.tell(result.fullName);
  }

  /** A file that does not load, or fails outside its tests, has no test case to tell of. */
  onTestFileResult(test, result) {
    if (result.testExecError) this.tell(`${test.path}: ${result.testExecError.message}`);
  }

  tell(name) {
    process.stdout.write(`${JSON.stringify({ failed: name })}\n`);
  }
};
