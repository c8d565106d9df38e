"""Adapters as Hugging Face PEFT keeps them: a folder of a configuration and a safetensors file."""
