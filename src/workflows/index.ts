export { ingestVfs } from './ingestVfs';
export { lease } from './lease';
export { sendPass } from './sendPass';
