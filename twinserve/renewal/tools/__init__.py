"""What is renewed besides packages: gcloud, images, prices, dates of support."""
