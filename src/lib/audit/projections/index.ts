export { createProjections, type Projections, type ProjectionStore } from './projector';
export type { ProjectedBy, ProjectionEntry } from './entries';
