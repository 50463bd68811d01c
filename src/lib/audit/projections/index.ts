export { createProjections, type Projections, type ProjectionStore } from './projector';
export { projectionKey, type ProjectedBy, type ProjectionEntry } from './entries';
