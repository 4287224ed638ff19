"""The Open Inference Protocol over HTTP, version 2: KServe's, Triton's and MLServer's."""
