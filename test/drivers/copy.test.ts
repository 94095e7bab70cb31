import { copyConformance } from './copyConformance';
import { bareHosts } from './twoHosts';

copyConformance('stream', () => bareHosts());
