/** The variable by which Kubeflow, Vertex AI and SageMaker tell a process of its cluster. */
export const TF_CONFIG = 'TF_CONFIG';

/** How far workers may be apart, in seconds: worker 0 validates within it, and all compile. */
export const TIMEOUT_SECONDS = 600;
