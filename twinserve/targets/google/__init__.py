"""Google Cloud: run through gcloud, and from here only."""
