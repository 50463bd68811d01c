export { compilePreset, type Applied, type ApplyPreset } from './apply';
export { BUILT_IN } from './built-in';
export { eventName } from './event-name';
export { classificationRules, eventPatterns, presetSchema, type Preset } from './preset';
