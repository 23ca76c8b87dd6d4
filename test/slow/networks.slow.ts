import { FRIENDLY, NO_DEPTHWISE_BN, RELU } from '../../architectures/variants.ts';
import { describeJourney } from '../workflows/network_journey.ts';

describeJourney('resnet_50', 0.05);
describeJourney('mobilenet_v2', 0.1);
describeJourney('mobilenet_v3_large', 0.1);
describeJourney('efficientnet_lite0', 0.1);
describeJourney('mobilenet_v2', 0.1, FRIENDLY);
describeJourney('mobilenet_v2', 0.1, NO_DEPTHWISE_BN);
describeJourney('efficientnet_lite0', 0.1, RELU);
describeJourney('efficientnet_lite4', 0.1, FRIENDLY);
describeJourney('mobilenet_v3_large', 0.1, FRIENDLY);
describeJourney('mobilenet_v3_small', 0.1, FRIENDLY, false);
