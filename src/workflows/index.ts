export { forecastObject } from './forecastObject';
export { ingestVfs } from './ingestVfs';
export { lease } from './lease';
export { sendPass } from './sendPass';
export { provisionObject } from './provisionObject';
