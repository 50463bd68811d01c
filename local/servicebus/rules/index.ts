export { type Facts, type SystemProperty } from './expression';
export { RuleError } from './lexer';
export {
  compileRule,
  copiesFor,
  factsOf,
  type CorrelationValue,
  type FilterDefinition,
  type Rule,
  type RuleDefinition,
} from './rule';
