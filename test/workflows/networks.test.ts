import { describeJourney } from './network_journey.ts';

// Between them all that the rows are made of; the other networks: test/slow/networks.slow.ts.
describeJourney('mobilenet_v3_small', 0.1);
describeJourney('resnet_50', 0.05);
