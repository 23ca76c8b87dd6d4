import { describeJourney } from '../workflows/network_journey.ts';

describeJourney('mobilenet_v2', 0.1);
describeJourney('mobilenet_v3_large', 0.1);
describeJourney('efficientnet_lite0', 0.1);
