"""The invented world of Groupe Rivage and the files its tools would export; knows nothing of Relier."""
