import { describeJourney } from './network_journey.ts';

// The other networks: test/slow/networks.slow.ts.
describeJourney('mobilenet_v3_small', 0.1);
