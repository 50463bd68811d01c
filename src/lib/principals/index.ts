export { createPrincipals, type Principals } from './authenticate';
export { principalSchema, type PrincipalConfig } from './config';
export { maySee, type Denial, type Principal, type Role } from './principal';
